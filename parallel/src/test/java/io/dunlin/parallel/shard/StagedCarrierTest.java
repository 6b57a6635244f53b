package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Work;
import io.dunlin.device.Device;
import io.dunlin.device.Event;
import io.dunlin.device.Stream;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.parallel.ParallelException;
import io.dunlin.train.GradientExchange.GradientPartials;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever does not move ends in an error that says what it was, and the thread of the carrier ends. */
@Timeout(30)
class StagedCarrierTest {
    private static final int ELEMENTS = 4096;
    private static final GradientBuckets BUCKETS = GradientBuckets.of(ELEMENTS, 4096);
    private static final Duration SHORT = Duration.ofMillis(50);

    @AutoClose
    private final Device cpu = CpuDevice.open(CpuOptions.plain());

    @Test
    void shouldEndInTheErrorOfANetworkThatIsStuck() {
        Communicator stuck = communicator(new Stuck(Integer.MAX_VALUE));

        assertThatThrownBy(() -> step(StagedCarrier.open(BUCKETS, new RunningReduction(stuck), staging(cpu, 3))))
                .isSameAs(Stuck.LATE);
    }

    @Test
    void shouldTakeABucketThatComesAtTheLastMoment() {
        Communicator late = communicator(new Stuck(0));

        step(StagedCarrier.open(BUCKETS, new RunningReduction(late), staging(cpu, 3)));
    }

    @Test
    void shouldSayThatGradientsDoNotLeaveTheDevice() {
        RunningReduction reduction = new RunningReduction(new RecordingCommunicator(2));

        assertThatThrownBy(() -> step(StagedCarrier.open(BUCKETS, reduction, staging(neverDone("gradients out"), 3))))
                .isInstanceOf(ParallelException.class)
                .hasMessageContaining("4,096 bytes of gradients (bucket 0) from the device");
    }

    @Test
    void shouldSayThatGradientsDoNotComeBack() {
        RunningReduction reduction = new RunningReduction(new RecordingCommunicator(2));

        assertThatThrownBy(() -> step(StagedCarrier.open(BUCKETS, reduction, staging(neverDone("gradients back"), 2))))
                .isInstanceOf(ParallelException.class)
                .hasMessageContaining("4,096 bytes of gradients (bucket 0) to the device");
    }

    @Test
    void shouldEndInWhatItsThreadDiedOf() {
        OutOfMemoryError error = new OutOfMemoryError("none left");
        Communicator broken = (Communicator) Proxy.newProxyInstance(
                Communicator.class.getClassLoader(),
                new Class<?>[] {Communicator.class},
                (proxy, method, arguments) -> {
                    throw error;
                });

        assertThatThrownBy(() -> step(StagedCarrier.open(BUCKETS, new RunningReduction(broken), staging(cpu, 3))))
                .hasCause(error);
    }

    /** All buckets at once; whatever happens, the thread ends with the carrier. */
    private void step(StagedCarrier carrier) {
        MemorySegment gradient = cpu.allocate("gradients", ELEMENTS * Float.BYTES);
        try (carrier) {
            carrier.begin(new GradientPartials(List.of(gradient), List.of(), gradient, 1));
            BUCKETS.all().forEach(carrier::start);
            carrier.finish();
        } finally {
            assertThat(Thread.getAllStackTraces().keySet())
                    .noneMatch(thread -> thread.getName().equals("gradient-carrier"));
        }
    }

    private static Staging staging(Device device, int slots) {
        return new Staging(device, device.stream("compute"), slots, SHORT);
    }

    private static Communicator communicator(Work work) {
        RecordingCommunicator recording = new RecordingCommunicator(2);
        return (Communicator) Proxy.newProxyInstance(
                Communicator.class.getClassLoader(),
                new Class<?>[] {Communicator.class},
                (proxy, method, arguments) -> {
                    Object answer = invoke(recording, method, arguments);
                    return answer instanceof Work ? work : answer;
                });
    }

    /** The CPU, but nothing that is recorded on one of its streams is ever done. */
    private Device neverDone(String role) {
        return (Device) Proxy.newProxyInstance(
                Device.class.getClassLoader(), new Class<?>[] {Device.class}, (proxy, method, arguments) -> {
                    Object answer = invoke(cpu, method, arguments);
                    return answer instanceof Stream stream && role.equals(arguments[0]) ? neverDone(stream) : answer;
                });
    }

    private static Stream neverDone(Stream stream) {
        Event never = (Event) Proxy.newProxyInstance(
                Event.class.getClassLoader(), new Class<?>[] {Event.class}, (proxy, method, arguments) -> false);
        return (Stream) Proxy.newProxyInstance(
                Stream.class.getClassLoader(),
                new Class<?>[] {Stream.class},
                (proxy, method, arguments) ->
                        method.getName().equals("record") ? never : invoke(stream, method, arguments));
    }

    private static Object invoke(Object target, java.lang.reflect.Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** Not done when asked; the first {@code refusals} waits for it fail. */
    private static final class Stuck implements Work {
        static final CollectiveException LATE = CollectiveException.aborted("stuck");

        private int refusals;

        Stuck(int refusals) {
            this.refusals = refusals;
        }

        @Override
        public boolean done() {
            return false;
        }

        @Override
        public long await() {
            throw new AssertionError("waits for something that is not done");
        }

        @Override
        public long await(Duration timeout) {
            if (refusals-- > 0) {
                throw LATE;
            }
            return 1;
        }

        @Override
        public void abort(CollectiveException cause) {
            throw new UnsupportedOperationException();
        }
    }
}
