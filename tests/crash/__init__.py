"""The real command, killed at random instants and started again until it is done."""
