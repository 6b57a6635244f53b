package io.dunlin.parallel.plan;

import io.dunlin.collectives.Topology.Scale;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How long a step takes, in a model: compute, and for each level of links the messages times latency and the bytes of the
 * busiest link over its bandwidth.
 *
 * @param computeSeconds products and attention, at the assumed share of the peak
 * @param linkSeconds of each level that carries anything
 */
public record StepTime(double computeSeconds, Map<Scale, Double> linkSeconds) {
    /** Keeps the map in order of levels. */
    public StepTime {
        linkSeconds = Collections.unmodifiableMap(new TreeMap<>(linkSeconds));
    }

    static StepTime of(double computeSeconds, Traffic traffic, Hardware hardware) {
        Map<Scale, Double> seconds = new TreeMap<>();
        Arrays.stream(Scale.values())
                .filter(level -> traffic.totalBytes(level) > 0)
                .forEach(level -> seconds.put(
                        level,
                        traffic.messages(level) * hardware.link(level).latencySeconds()
                                + traffic.busiestBytes(level)
                                        / hardware.link(level).bytesPerSecond()));
        return new StepTime(computeSeconds, seconds);
    }

    /** Nothing happens at the same time as anything else: an upper bound. */
    public double withoutOverlap() {
        return computeSeconds + communicationSeconds();
    }

    /** Compute and all levels at the same time, the slowest decides: a lower bound. */
    public double withFullOverlap() {
        return linkSeconds.values().stream().mapToDouble(Double::doubleValue).reduce(computeSeconds, Math::max);
    }

    /** All levels, one after the other. */
    public double communicationSeconds() {
        return linkSeconds.values().stream().mapToDouble(Double::doubleValue).sum();
    }
}
