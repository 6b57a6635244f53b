package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.OperationKind;
import java.util.Arrays;

/**
 * One phase of a larger operation: some members of the group do an operation of their own, with algorithms that know only
 * them. Whoever is not among them has nothing to do with it.
 */
final class Phase {
    private static final int NOBODY = -1;

    private final Repertoire repertoire;
    private final int[] numbers; // [member of the group] its number in this phase, or NOBODY
    private final long[] toBytes; // [member of the group] of the whole phase, or NO_FLOW
    private final long[] fromBytes; // [member of the group] of the whole phase, or NO_FLOW
    private final long[] sent; // [member of the group]
    private final long[] received; // [member of the group]
    private final Call call = new Call();

    private Algorithm algorithm;
    private boolean present;
    private long left; // bytes of all flows

    Phase(int size, Repertoire repertoire) {
        this.repertoire = repertoire;
        this.algorithm = repertoire.algorithm(Way.DIRECT, OperationKind.BARRIER);
        this.numbers = new int[size];
        this.toBytes = new long[size];
        this.fromBytes = new long[size];
        this.sent = new long[size];
        this.received = new long[size];
        nobody();
    }

    /** Nobody takes part until members are added. */
    void nobody() {
        Arrays.fill(numbers, NOBODY);
    }

    /** A member of the group takes part as {@code number}. */
    void add(int member, int number) {
        numbers[member] = number;
    }

    /** What this member is asked to do in this phase, to be filled in before {@link #begin}. */
    Call call() {
        return call;
    }

    /** This member does nothing in this phase. */
    void skip() {
        present = false;
        left = 0;
    }

    /** Takes up the phase on member {@code rank} of the group. */
    void begin(int rank) {
        algorithm = repertoire.algorithm(repertoire.choose(call), call.kind());
        algorithm.begin(call);
        present = true;
        left = 0;
        for (int member = 0; member < numbers.length; member++) {
            boolean partner = member != rank && numbers[member] != NOBODY;
            toBytes[member] = partner ? algorithm.bytesTo(numbers[member]) : Algorithm.NO_FLOW;
            fromBytes[member] = partner ? algorithm.bytesFrom(numbers[member]) : Algorithm.NO_FLOW;
            sent[member] = 0;
            received[member] = 0;
            left += Math.max(toBytes[member], 0) + Math.max(fromBytes[member], 0);
        }
    }

    /** How many bytes go to {@code member} in this phase, or {@link Algorithm#NO_FLOW}. */
    long bytesTo(int member) {
        return present ? toBytes[member] : Algorithm.NO_FLOW;
    }

    /** How many bytes come from {@code member} in this phase, or {@link Algorithm#NO_FLOW}. */
    long bytesFrom(int member) {
        return present ? fromBytes[member] : Algorithm.NO_FLOW;
    }

    long sendable(int member) {
        return bytesTo(member) > sent[member] ? algorithm.sendable(numbers[member]) : 0;
    }

    long source(int member) {
        return algorithm.source(numbers[member]);
    }

    void sent(int member, int bytes) {
        algorithm.sent(numbers[member], bytes);
        sent[member] += bytes;
        left -= bytes;
    }

    /** Whether the bytes are of this phase, and were taken. */
    boolean accept(int member, long address, int bytes) {
        if (bytesFrom(member) <= received[member] || !algorithm.accept(numbers[member], address, bytes)) {
            return false;
        }
        received[member] += bytes;
        left -= bytes;
        return true;
    }

    boolean advance() {
        return present && algorithm.advance();
    }

    /** Whether all flows have moved and no local work is left. */
    boolean over() {
        return !present || (left == 0 && algorithm.complete());
    }
}
