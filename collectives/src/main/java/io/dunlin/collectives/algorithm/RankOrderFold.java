package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.Reduction;
import io.dunlin.collectives.wire.Reductions;

/** One vector from each member, combined in the order of members in the wide type, rounded once. */
final class RankOrderFold implements Fold {
    private final int size;
    private final Reductions reductions;
    private Call call = new Call();

    RankOrderFold(int size, Reductions reductions) {
        this.size = size;
        this.reductions = reductions;
    }

    @Override
    public void begin(Call call) {
        this.call = call;
    }

    @Override
    public int vectors(int member) {
        return 1;
    }

    @Override
    public long ownVector(int index) {
        return call.inputAddress();
    }

    @Override
    public void fold(long[] inputs, long result, long bytes) {
        Reduction reduction = reductions.of(call.dtype(), call.op());
        reduction.fold(result, inputs, size, bytes / call.dtype().bytes());
    }
}
