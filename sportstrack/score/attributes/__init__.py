"""Who is who, scored: team, role and number of a result's tracks against the truth's."""
