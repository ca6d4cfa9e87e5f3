"""From many scores to one verdict: `pool` (units to person to medium), `calibrate`, `decide`."""
