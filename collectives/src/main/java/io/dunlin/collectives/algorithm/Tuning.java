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
 */
public record Tuning(ReductionOrder order, AlgorithmTable table, Topology topology) {
    /** The fastest order, by formulas, all members on one host. */
    public static Tuning standard(int members) {
        return new Tuning(ReductionOrder.FASTEST, AlgorithmTable.EMPTY, Topology.oneHost(members));
    }

    /** This, with another order. */
    public Tuning withOrder(ReductionOrder order) {
        return new Tuning(order, table, topology);
    }

    /** This, with another table. */
    public Tuning withTable(AlgorithmTable table) {
        return new Tuning(order, table, topology);
    }

    /** This, with other places. */
    public Tuning withTopology(Topology topology) {
        return new Tuning(order, table, topology);
    }

    /** The same where the same is chosen; the same in every process. */
    public long fingerprint() {
        return OperationHeader.hash(order.label() + '\n' + topology.places() + '\n' + table.text());
    }
}
