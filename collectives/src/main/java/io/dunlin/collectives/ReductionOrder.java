package io.dunlin.collectives;

/** In which order contributions are combined. No order depends on who comes first. */
public enum ReductionOrder {
    /** The order of whichever algorithm is fastest: the same on every call with the same sizes on the same members. */
    FASTEST("fastest"),
    /**
     * The order of members, in the wide type, rounded once to the element type: the bits do not depend on the algorithm,
     * nor on the members' places.
     */
    RANK_ORDER("rank-order");

    private final String label;

    ReductionOrder(String label) {
        this.label = label;
    }

    /** The word for people and files. */
    public String label() {
        return label;
    }
}
