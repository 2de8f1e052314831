"""The keys of a mount in Redis. All share one hash tag, so that scripts stay atomic on a cluster.

https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
"""

import re


class MountKeys:
    """The keys of one mount, `{s3rewrite:<alias>@<location>}:…`.

    The location is a digest of the bucket and prefix of which the entries speak, so that another
    bucket, or another site on the same Redis, begins with a registry of its own.

    | key           | type   | what                                                        |
    |---------------|--------|-------------------------------------------------------------|
    | `:d:<dir>`    | hash   | basename -> entry, of one directory                         |
    | `:dirs`       | set    | the directories that have a hash                            |
    | `:claims`     | hash   | name -> token of the upload that may publish it             |
    | `:changes`    | stream | names published and withdrawn, capped                       |
    | `:hints`      | stream | names to look at now, capped                                |
    | `:withdrawn`  | zset   | fingerprint and name of objects without an entry, since when |
    | `:gone`       | hash   | fingerprint -> name of a file that had these bytes, capped   |
    | `:unconfirmed`| hash   | name -> writes to S3 whose end no process has seen yet      |
    | `:epoch`      | string | a new one after each loss of the registry, and the server's |
    |               |        | run id then                                                 |
    | `:host`       | string | the kernel whose inodes and ctimes the entries have         |
    | `:seen`       | string | seconds since 1970 up to which no write was lost            |
    | `:lease`      | string | the pass that may publish now: fencing number and owner     |
    | `:fence`      | string | the last fencing number                                     |
    | `:late`       | string | seconds since 1970 up to which writes may arrive at S3 that |
    |               |        | were forgotten; gone once that was looked after             |
    | `:rules`      | string | the settings with which the published files were sent       |
    | `:passes`     | stream | what the last passes did, capped                            |
    | `:last`       | string | what the last pass over all files did                       |
    | `:problems`   | hash   | name -> why it is not on S3, and since when, capped         |
    | `:progress`   | string | the progress of the pass that runs now                      |
    | `:loop`       | string | the loop over the mount; expires where none runs            |
    | `:totals`     | string | how much is published; expires soon                         |
    | `:only_copies`| string | when freed files' objects were checked, and which are lost  |
    | `:suspended`  | string | who has pages link locally, since when and why; may expire    |
    | `:outage`     | string | since when visitors do not get the files, as a loop sees      |
    | `:prober`     | string | the loop whose probes count; expires                          |
    | `:purges`     | hash   | name -> since when it is being taken down, and how          |
    | `:exposed`    | hash   | names that may be public, though the settings exclude them; |
    |               |        | `/` -> the settings for which the bucket was listed         |
    | `:edge`       | hash   | name -> the one fingerprint that a CDN may hold, or `-`;    |
    |               |        | `/` -> the CDN, and the epoch in which it was cleared       |
    | `:uncleared`  | hash   | name, or `` for all -> token and fingerprint of what the    |
    |               |        | CDN is to fetch anew                                        |
    | `:offered:<n>`| set    | batches offered under the lease with that fencing number,   |
    |               |        | which no worker has claimed                                 |
    | `:messages:<n>` | list | what workers report of the batches that they claimed       |

    `{s3rewrite:<alias>}:place` says where the files were brought last: a string of JSON.
    """

    def __init__(self, alias: str, location: str = "") -> None:
        self.tag = f"{{s3rewrite:{alias}@{location}}}" if location else f"{{s3rewrite:{alias}}}"
        # Of all locations of the alias: the next one finds there what the last one left.
        self.place = f"{{s3rewrite:{alias}}}:place"
        self.directories = f"{self.tag}:dirs"
        self.claims = f"{self.tag}:claims"
        self.changes = f"{self.tag}:changes"
        self.hints = f"{self.tag}:hints"
        self.withdrawn = f"{self.tag}:withdrawn"
        self.gone = f"{self.tag}:gone"
        self.unconfirmed_writes = f"{self.tag}:unconfirmed"
        self.epoch = f"{self.tag}:epoch"
        self.host = f"{self.tag}:host"
        self.seen = f"{self.tag}:seen"
        self.lease = f"{self.tag}:lease"
        self.fence = f"{self.tag}:fence"
        self.late = f"{self.tag}:late"
        self.rules = f"{self.tag}:rules"
        self.passes = f"{self.tag}:passes"
        self.last = f"{self.tag}:last"
        self.problems = f"{self.tag}:problems"
        self.progress = f"{self.tag}:progress"
        self.loop = f"{self.tag}:loop"
        self.totals = f"{self.tag}:totals"
        self.only_copies = f"{self.tag}:only_copies"
        self.suspended = f"{self.tag}:suspended"
        self.outage = f"{self.tag}:outage"
        self.prober = f"{self.tag}:prober"
        self.purges = f"{self.tag}:purges"
        self.exposed = f"{self.tag}:exposed"
        self.edge = f"{self.tag}:edge"
        self.uncleared = f"{self.tag}:uncleared"

    def directory(self, directory: str) -> str:
        """The hash of one directory."""
        return f"{self.tag}:d:{directory}"

    def offered(self, lease: str) -> str:
        """The batches that are on offer under a lease."""
        return f"{self.tag}:offered:{lease.split(' ', maxsplit=1)[0]}"

    def messages(self, lease: str) -> str:
        """The messages of workers about the batches of a lease."""
        return f"{self.tag}:messages:{lease.split(' ', maxsplit=1)[0]}"

    @property
    def all_keys(self) -> str:
        """A pattern of SCAN for all keys of the mount."""
        return re.sub(r"([\\*?\[\]^])", r"\\\1", f"{self.tag}:") + "*"

    @property
    def types(self) -> dict[str, str]:
        """Key -> type, of the keys whose names never change."""
        return {
            **dict.fromkeys((self.epoch, self.seen, self.rules, self.last, self.loop), "string"),
            **dict.fromkeys((self.lease, self.fence, self.progress, self.totals), "string"),
            **dict.fromkeys((self.only_copies, self.host, self.suspended, self.late), "string"),
            **dict.fromkeys((self.outage, self.prober), "string"),
            **dict.fromkeys((self.claims, self.unconfirmed_writes, self.problems), "hash"),
            **dict.fromkeys(
                (self.purges, self.exposed, self.edge, self.uncleared, self.gone), "hash"
            ),
            **dict.fromkeys((self.changes, self.hints, self.passes), "stream"),
            self.directories: "set",
            self.withdrawn: "zset",
        }
