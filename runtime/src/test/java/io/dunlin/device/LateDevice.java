package io.dunlin.device;

import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SequencedMap;

/**
 * A device that does all work at the last moment: when somebody waits for it, or has asked for it twice. Whoever forgets to
 * wait finds what was there before, every time.
 */
public final class LateDevice implements Device {
    private final Device cpu = CpuDevice.open(CpuOptions.fast(1));
    private final Object lock = new Object();

    @Override
    public String description() {
        return "late";
    }

    @Override
    public MemorySegment allocate(String purpose, long lengthBytes) {
        return cpu.allocate(purpose, lengthBytes);
    }

    @Override
    public MemorySegment allocateHost(String purpose, long lengthBytes) {
        return cpu.allocateHost(purpose, lengthBytes);
    }

    @Override
    public boolean hostReadable() {
        return false;
    }

    @Override
    public SequencedMap<String, Long> allocatedBytes() {
        return cpu.allocatedBytes();
    }

    @Override
    public Stream stream(String role) {
        return new LateStream(cpu.stream(role));
    }

    @Override
    public void close() {
        cpu.close();
    }

    private final class LateStream implements Stream {
        private final Stream stream;
        private final Kernels kernels;
        private final Deque<Runnable> waiting = new ArrayDeque<>();
        private long submitted;
        private long done;

        LateStream(Stream stream) {
            this.stream = stream;
            this.kernels = (Kernels) Proxy.newProxyInstance(
                    Kernels.class.getClassLoader(),
                    new Class<?>[] {Kernels.class},
                    (proxy, method, arguments) -> kernel(method, arguments));
        }

        private Object kernel(Method method, Object[] arguments) {
            if (method.getReturnType() != void.class) {
                synchronize();
                return call(method, arguments);
            }
            submit(() -> call(method, arguments));
            return null;
        }

        private Object call(Method method, Object[] arguments) {
            try {
                return method.invoke(stream.kernels(), arguments);
            } catch (InvocationTargetException | IllegalAccessException e) {
                throw new IllegalStateException(e);
            }
        }

        private void submit(Runnable work) {
            synchronized (lock) {
                waiting.add(work);
                submitted++;
            }
        }

        private void runTo(long count) {
            synchronized (lock) {
                while (done < count) {
                    waiting.remove().run();
                    done++;
                }
            }
        }

        @Override
        public Kernels kernels() {
            return kernels;
        }

        @Override
        public void upload(MemorySegment host, MemorySegment device) {
            submit(() -> stream.upload(host, device));
        }

        @Override
        public void download(MemorySegment device, MemorySegment host) {
            submit(() -> stream.download(device, host));
        }

        @Override
        public Event record() {
            synchronized (lock) {
                return new LateEvent(this, submitted);
            }
        }

        @Override
        public void await(Event event) {
            submit(event::synchronize);
        }

        @Override
        public void synchronize() {
            record().synchronize();
        }
    }

    private final class LateEvent implements Event {
        private final LateStream stream;
        private final long count;
        private boolean asked;

        LateEvent(LateStream stream, long count) {
            this.stream = stream;
            this.count = count;
        }

        @Override
        public boolean done() {
            synchronized (lock) {
                if (asked) {
                    stream.runTo(count);
                }
                asked = true;
                return stream.done >= count;
            }
        }

        @Override
        public void synchronize() {
            stream.runTo(count);
        }
    }
}
