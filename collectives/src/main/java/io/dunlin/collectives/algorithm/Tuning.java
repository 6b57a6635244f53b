package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.ReductionOrder;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.wire.OperationHeader;

/**
 * By what the members of a group choose algorithms. It must be the same on all of them, which they check when they meet.
 *
 * @param order in which contributions are combined
 * @param table of measured choices
 * @param topology of the group
 * @param networkBytesPerSecond what a host can send to others
 */
public record Tuning(ReductionOrder order, AlgorithmTable table, Topology topology, double networkBytesPerSecond) {
    /** What a host is taken to send where nobody said: 10 Gbit/s. */
    public static final double STANDARD_NETWORK_BYTES_PER_SECOND = 10e9 / 8;

    /** Checks the bandwidth. */
    public Tuning {
        if (!(networkBytesPerSecond > 0)) {
            throw new IllegalArgumentException("a network of %s bytes a second".formatted(networkBytesPerSecond));
        }
    }

    /** The fastest order, by formulas, all members on one host. */
    public static Tuning standard(int members) {
        return new Tuning(
                ReductionOrder.FASTEST,
                AlgorithmTable.EMPTY,
                Topology.oneHost(members),
                STANDARD_NETWORK_BYTES_PER_SECOND);
    }

    /** This, with another order. */
    public Tuning withOrder(ReductionOrder order) {
        return new Tuning(order, table, topology, networkBytesPerSecond);
    }

    /** This, with another table. */
    public Tuning withTable(AlgorithmTable table) {
        return new Tuning(order, table, topology, networkBytesPerSecond);
    }

    /** This, with other places. */
    public Tuning withTopology(Topology topology) {
        return new Tuning(order, table, topology, networkBytesPerSecond);
    }

    /** This, on another network. */
    public Tuning withNetworkBytesPerSecond(double networkBytesPerSecond) {
        return new Tuning(order, table, topology, networkBytesPerSecond);
    }

    /** The same where the same is chosen; the same in every process. */
    public long fingerprint() {
        return OperationHeader.hash(
                order.label() + '\n' + topology.places() + '\n' + networkBytesPerSecond + '\n' + table.text());
    }
}
