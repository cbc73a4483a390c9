"""Workers of several queues, killed at random instants: does every phone ring once at most?"""
