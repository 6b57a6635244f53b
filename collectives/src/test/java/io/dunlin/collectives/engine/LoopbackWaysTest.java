package io.dunlin.collectives.engine;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.algorithm.Tuning;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

class LoopbackWaysTest extends WaysContract {
    static Stream<Arguments> ways() {
        return upTo(9);
    }

    @Override
    List<Communicator> open(Tuning tuning) {
        return LoopbackWorld.tuned(tuning).communicators();
    }
}
