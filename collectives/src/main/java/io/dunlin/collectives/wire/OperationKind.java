package io.dunlin.collectives.wire;

/** What members can do together; the ordinal is on the wire. */
public enum OperationKind {
    /** Nothing yet: the sender has not entered the operation. */
    NOT_ENTERED("nothing"),
    /** Combination of all, on all. */
    ALL_REDUCE("all-reduce"),
    /** Sum over a fixed tree, on all. */
    ALL_REDUCE_TREE("tree all-reduce"),
    /** Combination of all, part by part on its owner. */
    REDUCE_SCATTER("reduce-scatter"),
    /** Combination of all, on one. */
    REDUCE("reduce"),
    /** Parts of all, on all. */
    ALL_GATHER("all-gather"),
    /** Parts of all, on one. */
    GATHER("gather"),
    /** One member's parts, each on its owner. */
    SCATTER("scatter"),
    /** A run from everybody to everybody. */
    ALL_TO_ALL("all-to-all"),
    /** One member's data, on all. */
    BROADCAST("broadcast"),
    /** Data from one member to another. */
    MESSAGE("message"),
    /** Nothing but the knowledge that all are here. */
    BARRIER("barrier");

    private static final OperationKind[] ALL = values();

    private final String label;

    OperationKind(String label) {
        this.label = label;
    }

    /** The word for people. */
    public String label() {
        return label;
    }

    /** The kind with this ordinal. */
    static OperationKind of(int ordinal) {
        return ordinal >= 0 && ordinal < ALL.length ? ALL[ordinal] : NOT_ENTERED;
    }
}
