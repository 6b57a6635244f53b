package io.dunlin.collectives.engine;

import io.dunlin.collectives.Communicator;
import java.util.List;

class LoopbackCollectivesTest extends CollectivesContract {
    static List<Integer> sizes() {
        return upTo(9);
    }

    @Override
    List<Communicator> open(int size) {
        return LoopbackWorld.ofRanks(size).communicators();
    }

    @Override
    void shut() {}
}
