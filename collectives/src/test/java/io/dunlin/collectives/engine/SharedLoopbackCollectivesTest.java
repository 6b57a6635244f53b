package io.dunlin.collectives.engine;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.transport.LoopbackSettings;
import java.time.Duration;
import java.util.List;

/** Ranks that address each other's memory: only locations go through the streams. */
class SharedLoopbackCollectivesTest extends CollectivesContract {
    static List<Integer> sizes() {
        return upTo(9);
    }

    @Override
    List<Communicator> open(int size) {
        return LoopbackWorld.of(LoopbackSettings.ofRanks(size).withSharedMemory(), Duration.ofSeconds(10))
                .communicators();
    }

    @Override
    void shut() {}
}
