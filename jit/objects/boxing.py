"""Python's objects as machine numbers and back, in LLVM over the limited API: what all wrappers call."""

from __future__ import annotations

from typing import Final

TEXT: Final = r"""
@PyLong_Type = external global i8
@PyFloat_Type = external global i8
@PyList_Type = external global i8
@PyUnicode_Type = external global i8
@_Py_NoneStruct = external global i8
@_Py_TrueStruct = external global i8
@_Py_FalseStruct = external global i8
@PyExc_ImportError = external global ptr
@PyExc_IndexError = external global ptr
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyLong_FromLongLong(i64)
declare double @PyFloat_AsDouble(ptr)
declare ptr @PyFloat_FromDouble(double)
declare ptr @PyObject_Str(ptr)
declare ptr @PyUnicode_AsUTF8AndSize(ptr, ptr)
declare ptr @PyUnicode_FromStringAndSize(ptr, i64)
declare void @PyUnicode_InternInPlace(ptr)
declare i32 @PyUnicode_Compare(ptr, ptr)
declare ptr @PyObject_GetAttr(ptr, ptr)
declare ptr @PyObject_CallFunctionObjArgs(ptr, ...)
declare ptr @PyObject_CallMethodObjArgs(ptr, ptr, ...)
declare ptr @PyUnicode_InternFromString(ptr)
declare ptr @PyObject_Call(ptr, ptr, ptr)
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare ptr @PyTuple_GetItem(ptr, i64)
declare i64 @PyTuple_Size(ptr)
declare ptr @PyDict_New()
declare i32 @PyDict_SetItem(ptr, ptr, ptr)
declare ptr @PyList_GetItem(ptr, i64)
declare i64 @PyList_Size(ptr)
declare ptr @PyMem_Malloc(i64)
declare void @PyMem_Free(ptr)
declare void @PyErr_Clear()
declare void @PyErr_SetString(ptr, ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyModule_Create2(ptr, i32)
declare ptr @PyCFunction_NewEx(ptr, ptr, ptr)

@made = internal global [128 x { i64, i64, ptr }] zeroinitializer
@b.toordinal = private constant [10 x i8] c"toordinal\00"
@n.toordinal = internal global ptr null
@n.fromordinal = internal global ptr null
@b.fromordinal = private constant [12 x i8] c"fromordinal\00"

; What the Python function gives for the same call.
define internal ptr @again(ptr %self, ptr %args, i64 %n, ptr %kw) nounwind noinline {
entry:
  %given = call ptr @PyTuple_New(i64 %n)
  %none = icmp eq ptr %given, null
  br i1 %none, label %lost, label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %body ]
  %more = icmp slt i64 %i, %n
  br i1 %more, label %body, label %named
body:
  %at = getelementptr inbounds ptr, ptr %args, i64 %i
  %item = load ptr, ptr %at
  call void @Py_IncRef(ptr %item)
  %set = call i32 @PyTuple_SetItem(ptr %given, i64 %i, ptr %item)
  %i.next = add i64 %i, 1
  br label %head
named:
  %plain = icmp eq ptr %kw, null
  br i1 %plain, label %run, label %names
names:
  %dict = call ptr @PyDict_New()
  %nodict = icmp eq ptr %dict, null
  br i1 %nodict, label %drop, label %count
count:
  %size = call i64 @PyTuple_Size(ptr %kw)
  br label %next
next:
  %j = phi i64 [ 0, %count ], [ %j.next, %pair ]
  %left = icmp slt i64 %j, %size
  br i1 %left, label %pair, label %run
pair:
  %key = call ptr @PyTuple_GetItem(ptr %kw, i64 %j)
  %place = add i64 %n, %j
  %vat = getelementptr inbounds ptr, ptr %args, i64 %place
  %value = load ptr, ptr %vat
  %put = call i32 @PyDict_SetItem(ptr %dict, ptr %key, ptr %value)
  %j.next = add i64 %j, 1
  %bad = icmp ne i32 %put, 0
  br i1 %bad, label %dropboth, label %next
dropboth:
  call void @Py_DecRef(ptr %dict)
  br label %drop
drop:
  call void @Py_DecRef(ptr %given)
  br label %lost
lost:
  ret ptr null
run:
  %names.or = phi ptr [ null, %named ], [ %dict, %next ]
  %result = call ptr @PyObject_Call(ptr %self, ptr %given, ptr %names.or)
  call void @Py_DecRef(ptr %given)
  %unnamed = icmp eq ptr %names.or, null
  br i1 %unnamed, label %done, label %undict
undict:
  call void @Py_DecRef(ptr %names.or)
  br label %done
done:
  ret ptr %result
}

; A decimal from a number of its smallest unit. Those made last are kept: tables give the same few again and again.
define internal ptr @decimal_out(i64 %value, i64 %scale, ptr %type) nounwind noinline {
  %mixed = mul i64 %value, -7046029254386353131
  %salted = add i64 %mixed, %scale
  %place = lshr i64 %salted, 57
  %entry = getelementptr inbounds { i64, i64, ptr }, ptr @made, i64 %place
  %scale.at = getelementptr inbounds { i64, i64, ptr }, ptr %entry, i64 0, i32 1
  %object.at = getelementptr inbounds { i64, i64, ptr }, ptr %entry, i64 0, i32 2
  %known.value = load i64, ptr %entry
  %known.scale = load i64, ptr %scale.at
  %before = load ptr, ptr %object.at
  %same.value = icmp eq i64 %known.value, %value
  %same.scale = icmp eq i64 %known.scale, %scale
  %there = icmp ne ptr %before, null
  %same = and i1 %same.value, %same.scale
  %hit = and i1 %same, %there
  br i1 %hit, label %give, label %fresh
give:
  call void @Py_IncRef(ptr %before)
  ret ptr %before
fresh:
  %text = call ptr @decimal_text(i64 %value, i64 %scale)
  %none = icmp eq ptr %text, null
  br i1 %none, label %lost, label %make
make:
  %object = call ptr (ptr, ...) @PyObject_CallFunctionObjArgs(ptr %type, ptr %text, ptr null)
  call void @Py_DecRef(ptr %text)
  %failed = icmp eq ptr %object, null
  br i1 %failed, label %lost, label %keep
keep:
  call void @Py_IncRef(ptr %object)
  store i64 %value, ptr %entry
  store i64 %scale, ptr %scale.at
  store ptr %object, ptr %object.at
  br i1 %there, label %drop, label %done
drop:
  call void @Py_DecRef(ptr %before)
  br label %done
done:
  ret ptr %object
lost:
  ret ptr null
}

; A name as Python's text, made once.
define internal ptr @name(ptr %kept, ptr %text) nounwind {
entry:
  %known = load ptr, ptr %kept
  %is = icmp ne ptr %known, null
  br i1 %is, label %done, label %make
make:
  %made = call ptr @PyUnicode_InternFromString(ptr %text)
  store ptr %made, ptr %kept
  br label %done
done:
  %name = phi ptr [ %known, %entry ], [ %made, %make ]
  ret ptr %name
}

; Days since 1970-01-01.
define internal i1 @date_in(ptr %object, ptr %out) nounwind noinline {
entry:
  %over = alloca i32
  %name = call ptr @name(ptr @n.toordinal, ptr @b.toordinal)
  %named = icmp ne ptr %name, null
  br i1 %named, label %ask, label %lost
ask:
  %day = call ptr (ptr, ptr, ...) @PyObject_CallMethodObjArgs(ptr %object, ptr %name, ptr null)
  %none = icmp eq ptr %day, null
  br i1 %none, label %lost, label %read
read:
  %number = call i64 @PyLong_AsLongLongAndOverflow(ptr %day, ptr %over)
  call void @Py_DecRef(ptr %day)
  %since = sub i64 %number, 719163
  store i64 %since, ptr %out
  ret i1 true
lost:
  call void @PyErr_Clear()
  ret i1 false
}

define internal ptr @date_out(i64 %value, ptr %type) nounwind noinline {
entry:
  %ordinal = add i64 %value, 719163
  %name = call ptr @name(ptr @n.fromordinal, ptr @b.fromordinal)
  %named = icmp ne ptr %name, null
  br i1 %named, label %number, label %lost
number:
  %day = call ptr @PyLong_FromLongLong(i64 %ordinal)
  %none = icmp eq ptr %day, null
  br i1 %none, label %lost, label %ask
ask:
  %made = call ptr (ptr, ptr, ...) @PyObject_CallMethodObjArgs(ptr %type, ptr %name, ptr %day, ptr null)
  call void @Py_DecRef(ptr %day)
  ret ptr %made
lost:
  ret ptr null
}

define internal i1 @int_in(ptr %object, ptr %out) nounwind alwaysinline {
entry:
  %over = alloca i32
  %kind.at = getelementptr inbounds i8, ptr %object, i64 8
  %kind = load ptr, ptr %kind.at
  %is = icmp eq ptr %kind, @PyLong_Type
  br i1 %is, label %read, label %no
read:
  %number = call i64 @PyLong_AsLongLongAndOverflow(ptr %object, ptr %over)
  store i64 %number, ptr %out
  %flag = load i32, ptr %over
  %fits = icmp eq i32 %flag, 0
  ret i1 %fits
no:
  ret i1 false
}

define internal i1 @float_in(ptr %object, ptr %out) nounwind alwaysinline {
entry:
  %kind.at = getelementptr inbounds i8, ptr %object, i64 8
  %kind = load ptr, ptr %kind.at
  %is = icmp eq ptr %kind, @PyFloat_Type
  br i1 %is, label %read, label %no
read:
  %number = call double @PyFloat_AsDouble(ptr %object)
  store double %number, ptr %out
  ret i1 true
no:
  ret i1 false
}

; The place of a text among some of those of the module; their number where it is another one, -1 where it is no text.
define internal i64 @text_in(ptr %object, i64 %first, i64 %count) nounwind noinline {
entry:
  %kind.at = getelementptr inbounds i8, ptr %object, i64 8
  %kind = load ptr, ptr %kind.at
  %is = icmp eq ptr %kind, @PyUnicode_Type
  br i1 %is, label %head, label %no
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %more = icmp slt i64 %i, %count
  br i1 %more, label %body, label %found
body:
  %place = add i64 %first, %i
  %at = getelementptr inbounds ptr, ptr @names, i64 %place
  %text = load ptr, ptr %at
  %same = icmp eq ptr %text, %object
  br i1 %same, label %found, label %compare
compare:
  %order = call i32 @PyUnicode_Compare(ptr %object, ptr %text)
  %equal = icmp eq i32 %order, 0
  br i1 %equal, label %found, label %next
next:
  %i.next = add i64 %i, 1
  br label %head
found:
  ret i64 %i
no:
  ret i64 -1
}

; Of texts that are not those of the module, those that are equal get the number of the first; each is held for who calls.
define internal i64 @text_among(ptr %object, i64 %known, i64 %count, ptr %held, i64 %place) nounwind noinline {
entry:
  %other = icmp eq i64 %known, %count
  br i1 %other, label %keep, label %give
keep:
  %own.at = getelementptr inbounds ptr, ptr %held, i64 %place
  call void @Py_IncRef(ptr %object)
  store ptr %object, ptr %own.at
  br label %head
head:
  %i = phi i64 [ 0, %keep ], [ %i.next, %next ]
  %more = icmp slt i64 %i, %place
  br i1 %more, label %body, label %found
body:
  %at = getelementptr inbounds ptr, ptr %held, i64 %i
  %text = load ptr, ptr %at
  %none = icmp eq ptr %text, null
  br i1 %none, label %next, label %look
look:
  %same = icmp eq ptr %text, %object
  br i1 %same, label %found, label %compare
compare:
  %order = call i32 @PyUnicode_Compare(ptr %object, ptr %text)
  %equal = icmp eq i32 %order, 0
  br i1 %equal, label %found, label %next
next:
  %i.next = add i64 %i, 1
  br label %head
found:
  %code = add i64 %count, %i
  ret i64 %code
give:
  ret i64 %known
}

define internal void @texts_out(ptr %held, i64 %count) nounwind noinline {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %more = icmp slt i64 %i, %count
  br i1 %more, label %body, label %done
body:
  %at = getelementptr inbounds ptr, ptr %held, i64 %i
  %text = load ptr, ptr %at
  %none = icmp eq ptr %text, null
  br i1 %none, label %next, label %drop
drop:
  call void @Py_DecRef(ptr %text)
  br label %next
next:
  %i.next = add i64 %i, 1
  br label %head
done:
  ret void
}

; Arguments of which some are given by name, in the order of the names; false where they are not exactly these.
define internal i1 @ordered(ptr %args, i64 %n, ptr %kw, i64 %first, i64 %arity, ptr %out) nounwind noinline {
entry:
  %size = call i64 @PyTuple_Size(ptr %kw)
  %all = add i64 %n, %size
  %fit = icmp eq i64 %all, %arity
  br i1 %fit, label %head, label %no
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %copy ]
  %more = icmp slt i64 %i, %arity
  br i1 %more, label %copy, label %names
copy:
  %placed = icmp slt i64 %i, %n
  %from = getelementptr inbounds ptr, ptr %args, i64 %i
  %item = load ptr, ptr %from
  %or.none = select i1 %placed, ptr %item, ptr null
  %to = getelementptr inbounds ptr, ptr %out, i64 %i
  store ptr %or.none, ptr %to
  %i.next = add i64 %i, 1
  br label %head
names:
  %j = phi i64 [ 0, %head ], [ %j.next, %put ]
  %left = icmp slt i64 %j, %size
  br i1 %left, label %name, label %yes
name:
  %key = call ptr @PyTuple_GetItem(ptr %kw, i64 %j)
  br label %look
look:
  %k = phi i64 [ %n, %name ], [ %k.next, %other ]
  %inside = icmp slt i64 %k, %arity
  br i1 %inside, label %compare, label %no
compare:
  %place = add i64 %first, %k
  %name.at = getelementptr inbounds ptr, ptr @names, i64 %place
  %known = load ptr, ptr %name.at
  %same = icmp eq ptr %known, %key
  br i1 %same, label %put, label %other
other:
  %k.next = add i64 %k, 1
  br label %look
put:
  %value.place = add i64 %n, %j
  %value.at = getelementptr inbounds ptr, ptr %args, i64 %value.place
  %value = load ptr, ptr %value.at
  %out.at = getelementptr inbounds ptr, ptr %out, i64 %k
  store ptr %value, ptr %out.at
  %j.next = add i64 %j, 1
  br label %names
yes:
  ret i1 true
no:
  ret i1 false
}

; The items of a list of ints or floats in memory of their own, null where one is something else.
define internal ptr @list_in(ptr %object, ptr %count, i1 %floats) nounwind noinline {
entry:
  %kind.at = getelementptr inbounds i8, ptr %object, i64 8
  %kind = load ptr, ptr %kind.at
  %is = icmp eq ptr %kind, @PyList_Type
  br i1 %is, label %room, label %no
room:
  %size = call i64 @PyList_Size(ptr %object)
  %bytes = mul i64 %size, 8
  %memory = call ptr @PyMem_Malloc(i64 %bytes)
  %none = icmp eq ptr %memory, null
  br i1 %none, label %no, label %head
head:
  %i = phi i64 [ 0, %room ], [ %i.next, %stored ]
  %more = icmp slt i64 %i, %size
  br i1 %more, label %body, label %end
body:
  %item = call ptr @PyList_GetItem(ptr %object, i64 %i)
  %at = getelementptr inbounds i64, ptr %memory, i64 %i
  br i1 %floats, label %float, label %int
float:
  %ok.f = call i1 @float_in(ptr %item, ptr %at)
  br label %stored.or
int:
  %ok.i = call i1 @int_in(ptr %item, ptr %at)
  br label %stored.or
stored.or:
  %ok = phi i1 [ %ok.f, %float ], [ %ok.i, %int ]
  br i1 %ok, label %stored, label %free
stored:
  %i.next = add i64 %i, 1
  br label %head
end:
  store i64 %size, ptr %count
  ret ptr %memory
free:
  call void @PyMem_Free(ptr %memory)
  br label %no
no:
  ret ptr null
}
"""
"""Lists are read under the interpreter's lock, and nothing between calls Python code."""
