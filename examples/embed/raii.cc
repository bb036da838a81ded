// SPDX-License-Identifier: MIT
//
// raii.cc - references that drop themselves, in C++.
//
// A `ref` owns one reference.  Copying adds one, moving passes it on, and the
// end of a scope drops it.  What returns a new reference goes straight into a
// `ref`; what takes a borrowed one gets `get()`.
#include <weir/weir.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

namespace
{

class ref
{
  public:
    ref() = default;
    // Takes over a new reference; NULL is an error of the call that made it.
    explicit ref(weir_object *owned) : o_(owned)
    {
        if (owned == nullptr) {
            std::fprintf(stderr, "raii: %s\n", weir_strerror(weir_error()));
            std::exit(1);
        }
    }
    ref(const ref &other) : o_(other.o_)
    {
        if (o_ != nullptr) {
            weir_incref(o_);
        }
    }
    ref(ref &&other) noexcept : o_(std::exchange(other.o_, nullptr))
    {
    }
    ref &
    operator=(ref other) noexcept
    {
        std::swap(o_, other.o_);
        return *this;
    }
    ~ref()
    {
        weir_xdecref(o_);
    }
    weir_object *
    get() const
    {
        return o_;
    }

  private:
    weir_object *o_ = nullptr;
};

// The runtime, from here to the end of the scope.
struct runtime {
    runtime()
    {
        if (weir_start(nullptr) != WEIR_OK) {
            std::exit(1);
        }
    }
    ~runtime()
    {
        weir_stop();
    }
};

// This thread takes part; a std::thread is as good as any.
struct attached {
    attached()
    {
        weir_attach();
    }
    ~attached()
    {
        weir_detach();
    }
};

// Others may run while this thread waits.
struct blocking {
    blocking()
    {
        weir_blocking_begin();
    }
    ~blocking()
    {
        weir_blocking_end();
    }
};

void
fill(weir_object *list, int from, int to)
{
    attached here;

    for (int i = from; i < to; i++) {
        ref number(weir_int_new(i));

        weir_list_append(list, number.get());
        weir_checkpoint();
    }
}

} // namespace

int
main()
{
    runtime run;
    ref list(weir_list_new());
    std::int64_t sum = 0;

    {
        std::vector<std::thread> threads;

        for (int i = 0; i < 3; i++) {
            threads.emplace_back(fill, list.get(), 1000 * i, 1000 * (i + 1));
        }
        blocking wait;
        for (std::thread &thread : threads) {
            thread.join();
        }
    }
    for (std::int64_t i = 0; i < weir_list_size(list.get()); i++) {
        ref item(weir_list_get(list.get(), static_cast<std::size_t>(i)));
        std::int64_t value = 0;

        weir_int_value(item.get(), &value);
        sum += value;
    }
    std::printf("%lld numbers, sum %lld\n",
                static_cast<long long>(weir_list_size(list.get())),
                static_cast<long long>(sum));
    {
        ref again = list;

        std::printf("references in this scope: %lld\n",
                    static_cast<long long>(weir_refcount(list.get())));
        ref moved = std::move(again);
        std::printf("moving adds none: %lld\n",
                    static_cast<long long>(weir_refcount(moved.get())));
    }
    std::printf("after it: %lld\n",
                static_cast<long long>(weir_refcount(list.get())));
    return 0;
}
