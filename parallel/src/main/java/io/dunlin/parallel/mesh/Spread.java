package io.dunlin.parallel.mesh;

import java.util.Locale;

/** Over how many ranks one copy of a tensor is spread: a level of the tree of ranks, from the finest. */
public enum Spread {
    /** Each rank has all of it. */
    NONE,
    /** The ranks of a processor package, or of whatever is nearest. */
    PACKAGE,
    /** The ranks of a host. */
    HOST,
    /** All ranks. */
    CLUSTER;

    /** As job files say it: {@code host}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Spread labelled(String label) {
        return valueOf(label.toUpperCase(Locale.ROOT));
    }
}
