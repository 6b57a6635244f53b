package io.dunlin.parallel.plan;

import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.ShardScheme;
import io.dunlin.parallel.mesh.Spread;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Degrees as people say them. */
public final class SpreadText {
    private SpreadText() {}

    /** The name of these degrees, if they have one. */
    public static Optional<ShardScheme> scheme(ShardDegrees degrees) {
        return Arrays.stream(ShardScheme.values())
                .filter(scheme -> scheme.degrees().equals(degrees))
                .findFirst();
    }

    /** What to write into a job, or what to spread how where no word of the job file says it. */
    static String sentence(ShardDegrees degrees) {
        return scheme(degrees)
                .map(scheme -> "parallel.shard = \"" + scheme.label() + "\"")
                .orElseGet(() -> "weights over %s, gradients over %s, optimizer over %s%s (no job key says this yet)"
                        .formatted(
                                word(degrees.weights()),
                                word(degrees.gradients()),
                                word(degrees.optimizer()),
                                degrees.secondary() == Spread.NONE
                                        ? ""
                                        : ", second copy over " + word(degrees.secondary())));
    }

    private static String word(Spread spread) {
        return spread == Spread.NONE ? "nothing" : "a " + spread.name().toLowerCase(Locale.ROOT);
    }
}
