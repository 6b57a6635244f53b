package io.dunlin.parallel.mesh;

/** Over how many ranks one copy of a tensor is spread: a level of the tree of ranks, from the finest. */
public enum Spread {
    /** Each rank has all of it. */
    NONE,
    /** The ranks of a processor package, or of whatever is nearest. */
    PACKAGE,
    /** The ranks of a host. */
    HOST,
    /** All ranks. */
    CLUSTER
}
