package io.dunlin.launcher.bench;

import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Way;
import java.util.Optional;

/**
 * How the members of a measurement do operations.
 *
 * @param way that is forced; nothing leaves the choice to the communicator
 */
public record BenchAlgorithm(Optional<Way> way) {
    /** As the communicator chooses by formulas. */
    public static final BenchAlgorithm AUTO = new BenchAlgorithm(Optional.empty());

    /** One way for all that can be done so. */
    public static BenchAlgorithm of(Way way) {
        return new BenchAlgorithm(Optional.of(way));
    }

    /** The one with that label. */
    public static Optional<BenchAlgorithm> labelled(String label) {
        return label.equals(AUTO.label())
                ? Optional.of(AUTO)
                : Way.labelled(label).map(BenchAlgorithm::of);
    }

    /** As on the command line: {@code auto}, {@code ring}. */
    public String label() {
        return way.map(Way::label).orElse("auto");
    }

    /** What makes members do so. */
    AlgorithmTable table(int ranks) {
        return way.map(forced -> AlgorithmTable.forced(ranks, forced)).orElse(AlgorithmTable.EMPTY);
    }
}
