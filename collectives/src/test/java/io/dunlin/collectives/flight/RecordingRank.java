package io.dunlin.collectives.flight;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.engine.OperationListener;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.InstantSource;

/** A process of {@link FlightRecorderTest} that writes operations until it is killed. */
final class RecordingRank {
    static final int OPERATIONS = 128;
    static final int READY_AFTER = 10_000;

    private RecordingRank() {}

    public static void main(String[] arguments) {
        FlightRecorder recorder = FlightRecorder.create(
                Path.of(arguments[0]),
                new FlightRecorder.Identity(
                        1, 2, 3, "host", ProcessHandle.current().pid()),
                OPERATIONS,
                System::nanoTime,
                InstantSource.system());
        OperationListener listener = recorder.follow(Group.world(2), 3, 1);
        Call call = new Call();
        MemorySegment data = Arena.global().allocate(4096);
        call.allReduce(data, data, DType.F32, ReduceOp.SUM);
        for (long number = 0; ; number++) {
            listener.submitted(number);
            listener.entered(number, call, 5);
            listener.sent(number, 0, 4096);
            listener.received(number, 0, 4096);
            listener.done(number);
            if (number == READY_AFTER) {
                System.out.println("ready");
            }
        }
    }
}
