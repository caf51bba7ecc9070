"""One end takes over from the other: fence, restore, bring up; or all of it is given up."""
