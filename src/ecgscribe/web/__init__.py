"""The viewer: a page in the browser that shows a recording and its beats, and corrects them."""
