"""Takeovers: one end becomes active in place of the other by fence, restore and bring-up; or is abandoned."""
