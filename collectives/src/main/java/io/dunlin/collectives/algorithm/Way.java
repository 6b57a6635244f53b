package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.tensor.DType;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** The ways in which operations are done; the ordinal is on the wire. */
public enum Way {
    /** Everybody to everybody who needs it, one trip; combined in the order of members. */
    DIRECT(
            "direct",
            EnumSet.complementOf(
                    EnumSet.of(OperationKind.ALL_REDUCE_TREE, OperationKind.MESSAGE, OperationKind.NOT_ENTERED)),
            Rounding.ONCE),
    /** In rounds of disjoint pairs. */
    PAIRWISE("pairwise", EnumSet.of(OperationKind.ALL_TO_ALL), Rounding.ONCE),
    /** Each part by its owner, in the order of members. */
    OWNERS(
            "owners",
            EnumSet.of(OperationKind.ALL_REDUCE, OperationKind.REDUCE_SCATTER, OperationKind.REDUCE),
            Rounding.ONCE),
    /** Each part by its owner, along a summation tree. */
    TREE("tree", EnumSet.of(OperationKind.ALL_REDUCE_TREE), Rounding.ONCE),
    /** Around a ring. */
    RING(
            "ring",
            EnumSet.of(OperationKind.ALL_REDUCE, OperationKind.REDUCE_SCATTER, OperationKind.ALL_GATHER),
            Rounding.AT_EVERY_HOP),
    /** Around two rings, in opposite directions. */
    BIDIRECTIONAL("bidirectional", EnumSet.of(OperationKind.ALL_REDUCE), Rounding.AT_EVERY_HOP),
    /** Whole vectors with partners at distances 1, 2, 4, ... */
    DOUBLING("doubling", EnumSet.of(OperationKind.ALL_REDUCE), Rounding.AT_EVERY_HOP),
    /** Halves with partners at distances ..., 4, 2, 1, and back. */
    HALVING_DOUBLING("halving-doubling", EnumSet.of(OperationKind.ALL_REDUCE), Rounding.AT_EVERY_HOP),
    /** Along a chain that ends or begins at the root. */
    CHAIN("chain", EnumSet.of(OperationKind.BROADCAST, OperationKind.REDUCE), Rounding.AT_EVERY_HOP),
    /** In memory that all members can address; combined in the order of members or along a tree. */
    SHARED(
            "shared",
            EnumSet.complementOf(EnumSet.of(OperationKind.BARRIER, OperationKind.MESSAGE, OperationKind.NOT_ENTERED)),
            Rounding.ONCE),
    /** Inside hosts, across hosts, inside hosts. */
    HIERARCHICAL(
            "hierarchical",
            EnumSet.of(
                    OperationKind.ALL_REDUCE,
                    OperationKind.REDUCE_SCATTER,
                    OperationKind.ALL_GATHER,
                    OperationKind.BROADCAST),
            Rounding.AT_EVERY_HOP);

    private static final Way[] ALL = values();

    private final String label;
    private final Set<OperationKind> kinds;
    private final Rounding rounding;

    /** When sums in the wide type are rounded to the element type. */
    private enum Rounding {
        ONCE,
        AT_EVERY_HOP
    }

    Way(String label, Set<OperationKind> kinds, Rounding rounding) {
        this.label = label;
        this.kinds = kinds;
        this.rounding = rounding;
    }

    /** The word for people and files. */
    public String label() {
        return label;
    }

    /** The one with this label. */
    public static Optional<Way> labelled(String label) {
        for (Way way : ALL) {
            if (way.label.equals(label)) {
                return Optional.of(way);
            }
        }
        return Optional.empty();
    }

    /** Whether operations of this kind can be done so, for some element types at least. */
    public boolean does(OperationKind kind) {
        return kinds.contains(kind);
    }

    /** Whether it is there for members who are joined and placed so. */
    public boolean isFor(Media media, Topology topology) {
        return switch (this) {
            case SHARED -> media == Media.SHARED_MEMORY;
            case HIERARCHICAL -> topology.hierarchical();
            default -> true;
        };
    }

    /** Whether contributions are combined in the order of members, and rounded once. */
    public boolean inRankOrder() {
        return rounding == Rounding.ONCE;
    }

    /** Whether the operation can be done so with the result that the contract promises. */
    public boolean does(OperationKind kind, DType dtype, ReduceOp op) {
        return does(kind) && (rounding == Rounding.ONCE || !combines(kind) || !narrow(dtype, op));
    }

    /** Whether elements are combined. */
    static boolean combines(OperationKind kind) {
        return switch (kind) {
            case ALL_REDUCE, ALL_REDUCE_TREE, REDUCE_SCATTER, REDUCE -> true;
            default -> false;
        };
    }

    /** Whether sums in the element type would be rounded or overflow on the way, so that all must be added at once. */
    private static boolean narrow(DType dtype, ReduceOp op) {
        boolean selects = op == ReduceOp.MAX || op == ReduceOp.MIN || op == ReduceOp.OR;
        return !selects && (dtype == DType.BF16 || dtype == DType.I8);
    }
}
