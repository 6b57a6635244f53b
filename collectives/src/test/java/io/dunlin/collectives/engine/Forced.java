package io.dunlin.collectives.engine;

import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.collectives.wire.OperationKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Tables that force a way wherever it is possible. */
final class Forced {
    private Forced() {}

    static AlgorithmTable table(int ranks, Way way) {
        List<AlgorithmTable.Entry> entries = new ArrayList<>();
        Arrays.stream(OperationKind.values())
                .filter(kind -> kind != OperationKind.ALL_REDUCE_TREE && way.does(kind))
                .forEach(kind ->
                        entries.addAll(AlgorithmTable.forced(kind, ranks, way).entries()));
        return new AlgorithmTable(entries);
    }
}
