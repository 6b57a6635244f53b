package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.collectives.wire.Reductions;
import java.lang.foreign.Arena;

/** How contributions are combined in a fixed order: by member, or along a tree. */
final class Folds {
    private final Fold byRank;
    private final Fold byTree;

    Folds(int size, Reductions reductions, Arena arena) {
        this.byRank = new RankOrderFold(size, reductions);
        this.byTree = new TreeFold(new Scratch(arena));
    }

    /** The one for a call, begun. */
    Fold begin(Call call) {
        Fold fold = call.kind() == OperationKind.ALL_REDUCE_TREE ? byTree : byRank;
        fold.begin(call);
        return fold;
    }

    Fold byRank() {
        return byRank;
    }

    Fold byTree() {
        return byTree;
    }
}
