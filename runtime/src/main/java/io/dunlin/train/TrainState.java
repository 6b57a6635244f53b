package io.dunlin.train;

import io.dunlin.data.DataPosition;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where a run is: steps and tokens done, and the position in the data. The trainer is its only writer, but for
 * requests, which any thread may post.
 */
public final class TrainState {
    private final AtomicInteger requests = new AtomicInteger();
    private long step;
    private long tokens;
    private DataPosition position = DataPosition.START;

    /** Optimizer steps done, those whose update was skipped included. */
    public long step() {
        return step;
    }

    /** Tokens trained on by all ranks together. */
    public long tokens() {
        return tokens;
    }

    /** Where the next step begins in the data. */
    public DataPosition position() {
        return position;
    }

    /** One step further. */
    void advance(long stepTokens, DataPosition next) {
        step++;
        tokens += stepTokens;
        position = next;
    }

    /** Continues from a checkpoint. */
    public void restore(long step, long tokens, DataPosition position) {
        this.step = step;
        this.tokens = tokens;
        this.position = position;
    }

    /** Posts a request from any thread; ranks agree on it at the next step. */
    public void request(StepRequest request) {
        requests.getAndUpdate(bits -> bits | 1 << request.ordinal());
    }

    /** Takes what has been requested on this rank since the last call, as bits by ordinal. */
    public int takeRequests() {
        return requests.getAndSet(0);
    }

    /** The requests in {@code bits}. */
    public static Set<StepRequest> decode(int bits) {
        EnumSet<StepRequest> set = EnumSet.noneOf(StepRequest.class);
        for (StepRequest request : StepRequest.values()) {
            if ((bits >>> request.ordinal() & 1) != 0) {
                set.add(request);
            }
        }
        return set;
    }
}
