package io.dunlin.device.cuda;

import io.dunlin.device.Event;
import jcuda.driver.CUevent;

/** An event of the driver, recorded again and again on one stream: see {@link EventRing}. */
final class CudaEvent implements Event {
    private final CUevent event;
    private final CudaStream stream;

    CudaEvent(CUevent event, CudaStream stream) {
        this.event = event;
        this.stream = stream;
    }

    CUevent handle() {
        return event;
    }

    @Override
    public boolean done() {
        return stream.ready(event, "cuEventQuery");
    }

    @Override
    public void synchronize() {
        stream.waitFor(this);
    }
}
