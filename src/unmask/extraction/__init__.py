"""Labelled media in, face crops out: what training and `unmask datasets extract` share; the scanner's cropper cuts."""
