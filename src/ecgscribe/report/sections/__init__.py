"""The sections of a report: of each the content, how it is made, and how the page shows it."""
