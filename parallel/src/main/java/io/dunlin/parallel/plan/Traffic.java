package io.dunlin.parallel.plan;

import io.dunlin.collectives.Topology.Scale;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * What is sent in one optimizer step; {@link TrafficCount} says how it is counted.
 *
 * @param flows one for each purpose and level
 */
public record Traffic(List<Flow> flows) {
    /** Copies the list. */
    public Traffic {
        flows = List.copyOf(flows);
    }

    /**
     * Bytes of one purpose on one level.
     *
     * @param purpose what for
     * @param level links inside packages, between the packages of a host, or between hosts
     * @param totalBytes that all ranks send
     * @param busiestBytes what passes the busiest link: into one host between hosts, the mean of a host's ranks inside it
     * @param messages one after the other
     */
    public record Flow(Purpose purpose, Scale level, long totalBytes, long busiestBytes, long messages) {}

    /** Bytes that all ranks together send on a level. */
    public long totalBytes(Scale level) {
        return sum(level, Flow::totalBytes);
    }

    /** Bytes that all ranks together send on a level for one purpose. */
    public long totalBytes(Scale level, Purpose purpose) {
        return flows.stream()
                .filter(flow -> flow.level() == level && flow.purpose() == purpose)
                .mapToLong(Flow::totalBytes)
                .sum();
    }

    /** Bytes through the busiest link of a level. */
    public long busiestBytes(Scale level) {
        return sum(level, Flow::busiestBytes);
    }

    /** Messages one after the other on a level. */
    public long messages(Scale level) {
        return sum(level, Flow::messages);
    }

    private long sum(Scale level, ToLongFunction<Flow> what) {
        return flows.stream()
                .filter(flow -> flow.level() == level)
                .mapToLong(what)
                .sum();
    }
}
