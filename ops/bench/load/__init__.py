"""Sends requests as fast as they are answered, over kept connections: wrk where it is installed, else ours."""
