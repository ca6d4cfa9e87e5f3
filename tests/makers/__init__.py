"""Media for tests, made in code: pictures, videos and sounds, whole or broken in one known way."""
