package io.dunlin.parallel.mesh;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How far each class of tensors is spread. Each spread is at least as wide as the one before, so that whoever updates
 * elements also has their gradients, and whoever has gradients also has the weights.
 *
 * <p>The family is that of ZeRO (Rajbhandari et al., 2020), MiCS (Zhang et al., 2022), ZeRO++ (Wang et al., 2023) and the
 * three-level partition for Frontier (Xu et al., arXiv 2501.04266, 2025): one degree for each class of tensors.
 *
 * @param weights what kernels compute with
 * @param gradients summed up over the micro-batches of a step
 * @param optimizer masters and moments
 * @param secondary spread of a second copy of the weights, which serves every pass over the weights after the first of a
 *     step (hpZ of ZeRO++); {@link Spread#NONE} if there is none
 */
public record ShardDegrees(Spread weights, Spread gradients, Spread optimizer, Spread secondary) {
    private static final Pattern LEVELS =
            Pattern.compile("L-L-L(?:\\+(package|host))?".replace("L", "(none|package|host|cluster)"));

    /** Plain data parallelism. */
    public static final ShardDegrees REPLICATED = of(Spread.NONE, Spread.NONE, Spread.NONE);

    /** ZeRO stage 1: the optimizer's state is sharded. */
    public static final ShardDegrees ZERO1 = of(Spread.NONE, Spread.NONE, Spread.CLUSTER);

    /** ZeRO stage 2: gradients too. */
    public static final ShardDegrees ZERO2 = of(Spread.NONE, Spread.CLUSTER, Spread.CLUSTER);

    /** ZeRO stage 3: weights too. */
    public static final ShardDegrees ZERO3 = of(Spread.CLUSTER, Spread.CLUSTER, Spread.CLUSTER);

    /** Everything is sharded inside a host and replicated between hosts (HSDP, MiCS). */
    public static final ShardDegrees HYBRID = of(Spread.HOST, Spread.HOST, Spread.HOST);

    /** ZeRO stage 3 with a second copy of the weights in each host (ZeRO++). */
    public static final ShardDegrees ZERO_PLUS_PLUS =
            new ShardDegrees(Spread.CLUSTER, Spread.CLUSTER, Spread.CLUSTER, Spread.HOST);

    /** Three levels: weights in a package, gradients in a host, the optimizer's state over all. */
    public static final ShardDegrees THREE_LEVELS = of(Spread.PACKAGE, Spread.HOST, Spread.CLUSTER);

    /** Without a second copy. */
    public static ShardDegrees of(Spread weights, Spread gradients, Spread optimizer) {
        return new ShardDegrees(weights, gradients, optimizer, Spread.NONE);
    }

    /** Checks that they are nested. */
    public ShardDegrees {
        if (weights.compareTo(gradients) > 0 || gradients.compareTo(optimizer) > 0) {
            throw new IllegalArgumentException(
                    "weights spread over %s, gradients over %s, optimizer over %s: not nested"
                            .formatted(weights, gradients, optimizer));
        }
        if (secondary.compareTo(weights) >= 0 && secondary != Spread.NONE) {
            throw new IllegalArgumentException(
                    "a second copy of the weights over %s beside one over %s".formatted(secondary, weights));
        }
    }

    /**
     * What a word says: the name of a {@link ShardScheme}, or the levels of weights, gradients and optimizer, and of the
     * second copy: {@code none-host-cluster}, {@code cluster-cluster-cluster+package}.
     *
     * @return empty if it is no such word, or the levels are not nested
     */
    public static Optional<ShardDegrees> parse(String word) {
        for (ShardScheme scheme : ShardScheme.values()) {
            if (scheme.label().equals(word)) {
                return Optional.of(scheme.degrees());
            }
        }
        Matcher levels = LEVELS.matcher(word);
        if (!levels.matches()) {
            return Optional.empty();
        }
        try {
            String copy = levels.group(4);
            return Optional.of(new ShardDegrees(
                    Spread.labelled(levels.group(1)),
                    Spread.labelled(levels.group(2)),
                    Spread.labelled(levels.group(3)),
                    copy == null ? Spread.NONE : Spread.labelled(copy)));
        } catch (IllegalArgumentException notNested) {
            return Optional.empty();
        }
    }

    /** The word for it, which {@link #parse} reads; a name if there is one. */
    public String label() {
        for (ShardScheme scheme : ShardScheme.values()) {
            if (scheme.degrees().equals(this)) {
                return scheme.label();
            }
        }
        String copy = secondary == Spread.NONE ? "" : "+" + secondary.label();
        return weights.label() + "-" + gradients.label() + "-" + optimizer.label() + copy;
    }

    /** Whether no class is spread. */
    public boolean replicated() {
        return optimizer == Spread.NONE;
    }
}
