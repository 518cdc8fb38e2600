"""What a clinician counts: intervals, heart rate, ectopy, variability, beat shapes."""
