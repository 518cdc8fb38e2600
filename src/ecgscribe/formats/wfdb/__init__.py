"""Read and write WFDB files."""
