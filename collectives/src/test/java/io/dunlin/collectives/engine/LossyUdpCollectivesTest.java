package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.MediaDriverSettings;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;

/** One datagram in a hundred does not arrive, and nobody can tell from the results. */
class LossyUdpCollectivesTest extends AeronUdpCollectivesTest {
    private static final double LOSS = 0.01;

    /** Small datagrams, so that there are many to lose. */
    @Override
    AeronProfile profile() {
        return AeronProfile.STANDARD.withUdpFrameBytes(1408);
    }

    @Override
    MediaDriverSettings settings(Path directory) {
        return super.settings(directory).withDatagramLoss(() -> LOSS);
    }

    @Override
    @AfterAll
    void stopDrivers() {
        assertThat(repeatsAsked()).as("datagrams that were lost").isGreaterThan(100);
        super.stopDrivers();
    }
}
