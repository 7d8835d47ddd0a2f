"""Use cases of privacy: erasing a member, exporting what is held about one."""
