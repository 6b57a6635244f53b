package io.dunlin.launcher.cli;

import io.dunlin.device.cuda.CudaException;
import io.dunlin.launcher.place.ComputeDevice;
import io.dunlin.launcher.place.DeviceChoice;
import java.util.List;

/** What {@code --device} says, for verbs that compute in their own process. */
final class DeviceWord {
    /** For the help of the option, before the default. */
    static final String MEANING = "Where to compute: cpu, cuda (a GPU), or auto (a GPU if there is one); ";

    private DeviceWord() {}

    /**
     * The choice that {@code word} stands for.
     *
     * @param verb whose help explains the option
     * @throws CliException if there is none
     */
    static DeviceChoice parse(String word, String verb) {
        return new OptionWord<>("--device", verb, List.of(DeviceChoice.values()), DeviceChoice::label).parse(word);
    }

    /**
     * A failure of the GPU as a verb says it.
     *
     * @param smaller options of the verb that take less memory
     */
    static CudaException failure(CudaException e, String smaller) {
        return e.isOfMemory()
                ? e.advising(
                        "`nvidia-smi` shows who else holds memory of the GPU, `ulimit -l` how much of the host's may be"
                                + " pinned; else run again with " + smaller)
                : e;
    }

    /** Opens the device; what there is to say about it goes to where failures do. */
    static ComputeDevice open(DeviceChoice choice, int threads, Terminal terminal) {
        ComputeDevice opened = ComputeDevice.alone(choice, threads);
        opened.remark().ifPresent(remark -> terminal.err().println(remark.text()));
        return opened;
    }
}
