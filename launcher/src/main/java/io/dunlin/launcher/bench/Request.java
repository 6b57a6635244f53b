package io.dunlin.launcher.bench;

import java.time.Duration;

/**
 * An order to a process, as one line of JSON.
 *
 * @param order to obey
 * @param limitMillis until it must be answered, counted there
 */
record Request(Order order, long limitMillis) {
    static Request of(Order order, Duration limit) {
        return new Request(order, limit.toMillis());
    }

    Duration limit() {
        return Duration.ofMillis(limitMillis);
    }
}
