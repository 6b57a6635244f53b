package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressClockTest {
    @Test
    void shouldSpeakAfterTwoSecondsAndThenEachSecond() {
        AtomicLong milliseconds = new AtomicLong();
        List<Long> spoken = new ArrayList<>();
        ProgressClock clock =
                new ProgressClock((what, done, total) -> spoken.add(done), () -> milliseconds.get() * 1_000_000);

        for (long at = 0; at <= 4500; at += 250) {
            milliseconds.set(at);
            clock.at("work", at, 4500);
        }

        assertThat(spoken).containsExactly(2000L, 3000L, 4000L);
    }
}
