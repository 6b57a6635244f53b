package io.dunlin.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class TimeoutSettingsTest {
    private static final Duration SHORT = Duration.ofSeconds(5);
    private static final Duration LONG = Duration.ofSeconds(50);

    @Test
    void shouldKnowTheLongestStep() {
        assertThat(new TimeoutSettings(SHORT, LONG, SHORT).longestStep()).isEqualTo(LONG);
        assertThat(new TimeoutSettings(SHORT, SHORT, LONG).longestStep()).isEqualTo(LONG);
    }
}
