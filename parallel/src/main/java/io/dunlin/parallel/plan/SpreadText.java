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

    /** One word: the name, or the levels of weights, gradients, optimizer and the second copy: {@code none-host-cluster}. */
    public static String word(ShardDegrees degrees) {
        String levels = word(degrees.weights()) + "-" + word(degrees.gradients()) + "-" + word(degrees.optimizer());
        String copy = degrees.secondary() == Spread.NONE ? "" : "+" + word(degrees.secondary());
        return scheme(degrees).map(ShardScheme::label).orElse(levels + copy);
    }

    private static String word(Spread spread) {
        return spread.name().toLowerCase(Locale.ROOT);
    }
}
