"""What media go through: `degrade` (pictures lose), `retouch` (people touch them up), `codec` (sound, clips)."""
