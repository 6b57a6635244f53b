package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.algorithm.Algorithm;
import io.dunlin.collectives.algorithm.Repertoire;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.collectives.wire.OperationKind;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One operation under way: its algorithm, and how far each flow has come. Used again for later operations. */
final class Execution {
    private final int rank;
    private final Repertoire repertoire;
    private final long[] toSend; // [member] bytes, or NO_FLOW
    private final long[] sent; // [member]
    private final long[] toReceive; // [member]
    private final long[] received; // [member]
    private final boolean[] entered; // [member] our entry frame is on its way to it
    private final boolean[] arrived; // [member] its entry frame is here

    private Algorithm algorithm;
    private @Nullable Operation operation;
    private long number;
    private long headerAddress;
    private int openFlows;

    Execution(int rank, int size, Repertoire repertoire) {
        this.rank = rank;
        this.repertoire = repertoire;
        this.algorithm = repertoire.algorithm(Way.DIRECT, OperationKind.BARRIER);
        this.toSend = new long[size];
        this.sent = new long[size];
        this.toReceive = new long[size];
        this.received = new long[size];
        this.entered = new boolean[size];
        this.arrived = new boolean[size];
    }

    /** Takes up an operation, to be done in the way that {@link Repertoire#choose} said. */
    void begin(Operation operation, long number, long headerAddress, Way way) {
        this.operation = operation;
        this.number = number;
        this.headerAddress = headerAddress;
        algorithm = repertoire.algorithm(way, operation.call().kind());
        algorithm.begin(operation.call());
        openFlows = 0;
        Arrays.fill(entered, false);
        Arrays.fill(arrived, false);
        for (int peer = 0; peer < toSend.length; peer++) {
            toSend[peer] = peer == rank ? Algorithm.NO_FLOW : algorithm.bytesTo(peer);
            toReceive[peer] = peer == rank ? Algorithm.NO_FLOW : algorithm.bytesFrom(peer);
            sent[peer] = 0;
            received[peer] = 0;
            openFlows += (toSend[peer] < 0 ? 0 : 1) + (toReceive[peer] < 0 ? 0 : 1);
        }
    }

    Repertoire repertoire() {
        return repertoire;
    }

    Algorithm algorithm() {
        return algorithm;
    }

    long number() {
        return number;
    }

    long headerAddress() {
        return headerAddress;
    }

    /** Whether nothing more has to be sent to {@code peer}. */
    boolean sentAll(int peer) {
        return toSend[peer] < 0 || (entered[peer] && sent[peer] == toSend[peer]);
    }

    /** Whether nothing more has to come from {@code peer}. */
    boolean receivedAll(int peer) {
        return toReceive[peer] < 0 || (arrived[peer] && received[peer] == toReceive[peer]);
    }

    boolean entered(int peer) {
        return entered[peer];
    }

    boolean arrived(int peer) {
        return arrived[peer];
    }

    long toSend(int peer) {
        return toSend[peer];
    }

    long toReceive(int peer) {
        return toReceive[peer];
    }

    long leftToReceive(int peer) {
        return toReceive[peer] - received[peer];
    }

    /** A frame with {@code bytes} of data, after the entry frame's header if it was the first, has gone to {@code peer}. */
    void sent(int peer, int bytes) {
        entered[peer] = true;
        if (bytes > 0) {
            algorithm.sent(peer, bytes);
            sent[peer] += bytes;
        }
        if (sent[peer] == toSend[peer]) {
            openFlows--;
        }
    }

    /** A frame with {@code bytes} of data has come from {@code peer} and was taken. */
    void received(int peer, int bytes) {
        arrived[peer] = true;
        received[peer] += bytes;
        if (received[peer] == toReceive[peer]) {
            openFlows--;
        }
    }

    /** Whether all is sent, received and combined. */
    boolean over() {
        return openFlows == 0 && algorithm.complete();
    }

    boolean underWay() {
        return operation != null;
    }

    /** Reports the end. */
    void finish() {
        Operation done = operation;
        operation = null;
        if (done != null) {
            done.succeed();
        }
    }

    /** Reports a failure. */
    void fail(CollectiveException cause) {
        Operation failed = operation;
        operation = null;
        if (failed != null) {
            failed.fail(cause);
        }
    }

    long bytesMoved() {
        return sum(sent) + sum(received);
    }

    long bytesToMove() {
        return sum(toSend) + sum(toReceive);
    }

    private static long sum(long[] bytes) {
        long sum = 0;
        for (long b : bytes) {
            sum += Math.max(b, 0);
        }
        return sum;
    }
}
