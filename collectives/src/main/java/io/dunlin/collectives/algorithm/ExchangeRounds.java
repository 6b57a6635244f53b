package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.collectives.wire.Reduction;
import io.dunlin.collectives.wire.Reductions;
import io.dunlin.tensor.DType;

/**
 * All-reduce in rounds. In each a member exchanges a range of the vector for another with one partner: what arrives is
 * combined with what is here, or takes its place. A member goes on when its round is over, so the vector needs no copy.
 *
 * <p>What arrives is taken only up to where this member has sent in this round, if it overwrites what is sent. Two partners
 * never both wait for this: if each refused a frame, each would have sent less than the other.
 *
 * <p>Of a group that is no power of two the first members are paired, and the second of each pair stands for both: it takes
 * the first's contribution before the rounds and gives it the result after them.
 */
abstract class ExchangeRounds implements Algorithm {
    private static final int NOBODY = -1;
    private static final int MOST_ROUNDS = 64;

    private final int rank;
    private final int size;
    private final Reductions reductions;
    private final int[] partners = new int[MOST_ROUNDS]; // [round]
    private final long[] sendStarts = new long[MOST_ROUNDS];
    private final long[] sendLengths = new long[MOST_ROUNDS];
    private final long[] receiveStarts = new long[MOST_ROUNDS];
    private final long[] receiveLengths = new long[MOST_ROUNDS];
    private int rounds;
    private int combining; // rounds, from the first, in which what arrives is combined
    private int standIn = NOBODY; // this member's number among those that take part in the rounds

    private Reduction reduction;
    private int elementBytes;
    private long input;
    private long output;
    private int round;
    private long sent; // in this round
    private long received; // in this round
    private boolean touched; // the output holds what the input held, or more

    ExchangeRounds(int rank, int size, Reductions reductions) {
        this.rank = rank;
        this.size = size;
        this.reductions = reductions;
        this.reduction = reductions.of(DType.F32, ReduceOp.SUM);
    }

    /** Appends the rounds of stand-in {@code number} of {@code count}, a power of two, by {@link #exchange}. */
    abstract void plan(int number, int count, long lengthBytes);

    /** Appends a round with the stand-in {@code number}. */
    final void exchange(int number, long sendStart, long sendBytes, long receiveStart, long receiveBytes) {
        int pairs = size - Integer.highestOneBit(size);
        append(number < pairs ? 2 * number + 1 : number + pairs, sendStart, sendBytes, receiveStart, receiveBytes);
    }

    /** The rounds so far combine; those that follow replace. */
    final void combinedSoFar() {
        combining = rounds;
    }

    private void append(int partner, long sendStart, long sendBytes, long receiveStart, long receiveBytes) {
        partners[rounds] = partner;
        sendStarts[rounds] = sendStart;
        sendLengths[rounds] = sendBytes;
        receiveStarts[rounds] = receiveStart;
        receiveLengths[rounds] = receiveBytes;
        rounds++;
    }

    @Override
    public final void begin(Call call) {
        reduction = reductions.of(call.dtype(), call.op());
        elementBytes = call.dtype().bytes();
        input = call.inputAddress();
        output = call.outputAddress();
        rounds = 0;
        combining = 0;
        round = 0;
        sent = 0;
        received = 0;
        touched = false;
        planAll(call.lengthBytes());
        skipFinishedRounds();
    }

    private void planAll(long bytes) {
        int count = Integer.highestOneBit(size);
        int paired = 2 * (size - count);
        boolean givesAway = rank < paired && rank % 2 == 0;
        if (givesAway) {
            standIn = NOBODY;
            append(rank + 1, 0, bytes, 0, 0);
            append(rank + 1, 0, 0, 0, bytes);
            return;
        }
        standIn = rank < paired ? rank / 2 : rank - paired / 2;
        if (rank < paired) {
            append(rank - 1, 0, 0, 0, bytes);
        }
        plan(standIn, count, bytes);
        if (rank < paired) {
            append(rank - 1, 0, bytes, 0, 0);
        }
    }

    private void skipFinishedRounds() {
        while (round < rounds && sent == sendLengths[round] && received == receiveLengths[round]) {
            touched |= received > 0;
            sent = 0;
            received = 0;
            round++;
        }
    }

    private boolean at(int peer) {
        return round < rounds && partners[round] == peer;
    }

    @Override
    public final long bytesTo(int peer) {
        return sum(peer, sendLengths);
    }

    @Override
    public final long bytesFrom(int peer) {
        return sum(peer, receiveLengths);
    }

    private long sum(int peer, long[] lengths) {
        long sum = 0;
        boolean met = false;
        for (int i = 0; i < rounds; i++) {
            if (partners[i] == peer) {
                met = true;
                sum += lengths[i];
            }
        }
        return met ? sum : NO_FLOW;
    }

    @Override
    public final long sendable(int peer) {
        return at(peer) ? sendLengths[round] - sent : 0;
    }

    @Override
    public final long source(int peer) {
        return (touched ? output : input) + sendStarts[round] + sent;
    }

    @Override
    public final void sent(int peer, int bytes) {
        sent += bytes;
        skipFinishedRounds();
    }

    @Override
    public final boolean accept(int peer, long address, int bytes) {
        if (!at(peer) || received == receiveLengths[round] || overwritesUnsent(bytes)) {
            return false;
        }
        long offset = receiveStarts[round] + received;
        if (combines(round)) {
            combine(peer, address, offset, bytes);
        } else {
            RawMemory.copy(address, output + offset, bytes);
        }
        received += bytes;
        skipFinishedRounds();
        return true;
    }

    private boolean combines(int index) {
        return standIn != NOBODY && index < combining;
    }

    /** In the order of members, as far as rounds allow. */
    private void combine(int peer, long address, long offset, int bytes) {
        long mine = (touched ? output : input) + offset;
        long elements = bytes / elementBytes;
        if (peer < rank) {
            reduction.combine(address, mine, output + offset, elements);
        } else {
            reduction.combine(mine, address, output + offset, elements);
        }
        if (round == combining - 1) {
            reduction.finish(output + offset, elements, size);
        }
    }

    /** Whether what arrives would take the place of something that still has to go, in this round. */
    private boolean overwritesUnsent(int bytes) {
        boolean sameRange = sendLengths[round] > 0 && sendStarts[round] == receiveStarts[round];
        return sameRange && received + bytes > sent;
    }

    @Override
    public final boolean advance() {
        return false;
    }

    @Override
    public final boolean complete() {
        return round == rounds;
    }
}
