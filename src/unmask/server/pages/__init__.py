"""The web pages: server-rendered templates, a little JavaScript, no build step and no request to anywhere else."""
