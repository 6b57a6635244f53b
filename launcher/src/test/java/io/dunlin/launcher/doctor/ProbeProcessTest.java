package io.dunlin.launcher.doctor;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.launcher.place.Installation;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

final class ProbeProcessTest {
    /** Says nothing and does not end. */
    static final class Silent {
        private Silent() {}

        public static void main(String[] arguments) throws InterruptedException {
            new CountDownLatch(1).await();
        }
    }

    /** Says nothing and ends. */
    static final class Failing {
        private Failing() {}

        public static void main(String[] arguments) {
            System.err.println("the driver is of another kernel");
        }
    }

    @Test
    void shouldNotWaitForEver() {
        Probe<String> probe = probe(Silent.class, Duration.ofSeconds(1));

        for (int asked = 0; asked < 2; asked++) {
            assertThatThrownBy(probe::get)
                    .isInstanceOf(Probe.LateException.class)
                    .hasMessage("did not answer within 1.0 s");
        }
    }

    @Test
    void shouldShowWhatAProcessSaidAtItsEnd() {
        assertThatThrownBy(() -> probe(Failing.class, Duration.ofMinutes(3)).get())
                .isInstanceOf(Probe.BrokenException.class)
                .hasMessageStartingWith("ended with: ")
                .hasMessageEndingWith("the driver is of another kernel");
    }

    private static Probe<String> probe(Class<?> program, Duration limit) {
        return new ProbeProcess<>(Installation.current(), List.of(program.getName()), String.class, limit);
    }
}
