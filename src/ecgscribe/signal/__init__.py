"""From a recording to two clean leads at 128 Hz, cut into windows."""
