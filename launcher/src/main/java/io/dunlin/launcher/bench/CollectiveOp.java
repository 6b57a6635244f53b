package io.dunlin.launcher.bench;

import io.dunlin.collectives.wire.OperationKind;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * An operation that can be measured; bytes and bus bandwidth mean what they mean in nccl-tests.
 *
 * <p>The bus bandwidth is the algorithm bandwidth times the share of the bytes that must cross a member's link, so that it can
 * be compared with what the link carries, whatever the operation and the number of members.
 */
public enum CollectiveOp {
    /** Bytes: of the vector. */
    ALL_REDUCE(OperationKind.ALL_REDUCE, Shape.VECTOR, Places.BOTH, Entry.TOGETHER),
    /** Bytes: of the input, all parts. */
    REDUCE_SCATTER(OperationKind.REDUCE_SCATTER, Shape.PARTS, Places.BOTH, Entry.TOGETHER),
    /** Bytes: of the output, all parts. */
    ALL_GATHER(OperationKind.ALL_GATHER, Shape.PARTS, Places.BOTH, Entry.TOGETHER),
    /** Bytes: that one member sends, all runs. */
    ALL_TO_ALL(OperationKind.ALL_TO_ALL, Shape.PARTS, Places.OUT, Entry.TOGETHER),
    /** Bytes: of the vector. */
    BROADCAST(OperationKind.BROADCAST, Shape.VECTOR, Places.IN, Entry.AFTER_BARRIER),
    /** Bytes: of the vector. */
    REDUCE(OperationKind.REDUCE, Shape.VECTOR, Places.BOTH, Entry.AFTER_BARRIER),
    /** Bytes: at the root, all parts. */
    GATHER(OperationKind.GATHER, Shape.PARTS, Places.BOTH, Entry.AFTER_BARRIER),
    /** Bytes: at the root, all parts. */
    SCATTER(OperationKind.SCATTER, Shape.PARTS, Places.BOTH, Entry.AFTER_BARRIER),
    /** Each to the next one, all at once. Bytes: of the message. */
    SEND_RECEIVE(OperationKind.MESSAGE, Shape.VECTOR, Places.OUT, Entry.TOGETHER),
    /** No bytes. */
    BARRIER(OperationKind.BARRIER, Shape.NOTHING, Places.OUT, Entry.TOGETHER);

    /** Who ends with the result, or begins with the data, of an operation with a root. */
    static final int ROOT = 0;

    private final OperationKind kind;
    private final Shape shape;
    private final Places places;
    private final Entry entry;

    private enum Shape {
        VECTOR,
        PARTS,
        NOTHING
    }

    private enum Places {
        OUT,
        IN,
        BOTH
    }

    /** Whether an operation itself keeps its members together. */
    private enum Entry {
        /** Nobody can be done before everybody has begun. */
        TOGETHER,
        /** A root that is done could run ahead, and the others would find several results waiting. */
        AFTER_BARRIER
    }

    CollectiveOp(OperationKind kind, Shape shape, Places places, Entry entry) {
        this.kind = kind;
        this.shape = shape;
        this.places = places;
        this.entry = entry;
    }

    /** As on the command line: {@code all-reduce}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The operation with that label. */
    public static Optional<CollectiveOp> labelled(String label) {
        return Arrays.stream(values()).filter(op -> op.label().equals(label)).findFirst();
    }

    /** Bus bandwidth divided by algorithm bandwidth. */
    public double busFactor(int ranks) {
        return switch (this) {
            case ALL_REDUCE -> 2.0 * (ranks - 1) / ranks;
            case REDUCE_SCATTER, ALL_GATHER, ALL_TO_ALL, GATHER, SCATTER -> (ranks - 1.0) / ranks;
            case BROADCAST, REDUCE, SEND_RECEIVE -> 1;
            case BARRIER -> 0;
        };
    }

    /** The most bytes up to {@code bytes} that are whole elements, and equal parts where there are parts. */
    long roundedBytes(long bytes, int ranks, int elementBytes) {
        return switch (shape) {
            case VECTOR -> bytes / elementBytes * elementBytes;
            case PARTS -> bytes / elementBytes / ranks * ranks * elementBytes;
            case NOTHING -> 0;
        };
    }

    /** The number of elements that nccl-tests would print: of a part where there are parts. */
    long count(long bytes, int ranks, int elementBytes) {
        return shape == Shape.PARTS ? bytes / elementBytes / ranks : bytes / elementBytes;
    }

    /** Whether its time depends on a size. */
    boolean sized() {
        return shape != Shape.NOTHING;
    }

    /** What members call it. */
    OperationKind kind() {
        return kind;
    }

    /** Whether members know a length by which they can choose an algorithm; what each sends of an all-to-all differs. */
    boolean chosenByLength() {
        return sized() && this != ALL_TO_ALL;
    }

    /** Whether elements are combined. */
    boolean combines() {
        return this == ALL_REDUCE || this == REDUCE_SCATTER || this == REDUCE;
    }

    /** Whether members must be brought together before each call, for its time to be that of one call. */
    boolean entersAfterBarrier() {
        return entry == Entry.AFTER_BARRIER;
    }

    /** Out of place first, where the operation can be called so. */
    List<Place> places() {
        return switch (places) {
            case OUT -> List.of(Place.OUT);
            case IN -> List.of(Place.IN);
            case BOTH -> List.of(Place.OUT, Place.IN);
        };
    }
}
