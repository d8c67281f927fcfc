"""The work of each stage; what it leaves are files, which the next ones read."""
