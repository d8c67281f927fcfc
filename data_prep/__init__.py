"""Making, converting and checking data sets: all formats around one table, and rendered football."""
