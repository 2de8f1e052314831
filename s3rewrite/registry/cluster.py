"""Redis Cluster: the client of a CACHES alias, one a process.

django-redis has no cluster client of its own. Name the factory in the alias's options:
"CONNECTION_FACTORY": "s3rewrite.registry.cluster.ConnectionFactory". All keys of a mount carry
one hash tag, so one node holds them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import redis
from django_redis.pool import ConnectionFactory as DjangoRedisFactory
from redis.cluster import ClusterNode, RedisCluster


class Cluster(RedisCluster):
    """A cluster's client whose pipelines take scripts, for keys that are on one node."""

    _is_astray = False

    @contextmanager
    def pipeline_at(self, key: str) -> Iterator[Any]:
        """A pipeline to the node that holds a key; the caller executes it.

        May raise redis.RedisError, as where the node is gone or holds the key no longer; the
        next pipeline then asks the other nodes first.
        """
        if self._is_astray:
            self.nodes_manager.initialize()
            self._is_astray = False
        holder: ClusterNode = self.get_node_from_key(key)  # type: ignore[no-untyped-call]
        node = self.get_redis_connection(holder)
        with node.pipeline(transaction=False) as pipeline:
            try:
                yield pipeline
            except redis.RedisError:
                self._is_astray = True
                raise

    def copy_with(self, **options: Any) -> "Cluster":
        """A client of the same cluster with connections of its own, and these options."""
        known = self.nodes_manager.startup_nodes.values()
        nodes = [ClusterNode(node.host, node.port) for node in known]  # type: ignore[no-untyped-call]
        all_options = self.nodes_manager.connection_kwargs | options
        all_options.pop("db", None)  # a cluster has one database, and refuses the option
        return type(self)(startup_nodes=nodes, **all_options)


class ConnectionFactory(DjangoRedisFactory):  # type: ignore[misc]
    """django-redis's way to a cluster. LOCATION is the URL of any node."""

    _clusters: ClassVar[dict[str, Cluster]] = {}

    def connect(self, url: str) -> Any:
        """This process's client of the cluster to which the node with this URL belongs."""
        if url not in self._clusters:
            options = self.make_connection_params(url) | self.pool_cls_kwargs
            del options["parser_class"]
            self._clusters[url] = Cluster(**options)
        return self._clusters[url]

    def disconnect(self, connection: Any) -> None:
        """Do nothing: the whole process shares the client."""
