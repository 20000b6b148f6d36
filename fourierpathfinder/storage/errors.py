"""What is raised where a file cannot be used."""


class CheckpointError(ValueError):
    """A file that cannot be used: damaged, of another problem, or in use by another run."""


class OtherReleaseError(CheckpointError):
    """A file that is as it was written, by a release that writes such files otherwise."""


class OtherProblemError(CheckpointError):
    """A file that is as it was written, by a run of another problem."""


def damaged(file: object, reason: object) -> CheckpointError:
    """The error of a file that is not as it was written."""
    return CheckpointError(
        f"{file} is damaged ({reason}); restore a copy of it, or delete it to start afresh"
    )


def earlier(file: object) -> CheckpointError:
    """The error of a file of an earlier release, which had no checksums and no identity."""
    return CheckpointError(
        f"{file} was written by an earlier release, which did not note what it belongs to, nor a "
        "checksum; move it away, and start afresh"
    )
